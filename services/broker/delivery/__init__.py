"""Outgoing messages: durable, retried, in order where asked for, each endpoint apart."""

from services.broker.delivery.engine import Deliveries
from services.broker.delivery.model import Delivery, EndpointStatus
from services.broker.delivery.worker import Handover

__all__ = ["Deliveries", "Delivery", "EndpointStatus", "Handover"]

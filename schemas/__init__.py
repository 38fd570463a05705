"""What is said between the parts of the platform. Imports nothing of ours, and nothing on import.

One module per idea: :mod:`schemas.problem` (RFC 9457), :mod:`schemas.cloudevents`,
:mod:`schemas.ngsild`, :mod:`schemas.scopes`, :mod:`schemas.xcity` (the OpenAPI extension),
:mod:`schemas.policy` (what the control plane hands to the routing core), one module of canonical
entities per domain, and :mod:`schemas.kit`, the small tools that every attached API shares.
"""

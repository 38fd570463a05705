from __future__ import annotations

import pytest

from schemas.kit.outgoing.signing import Seal, new_secret, sign, signed_headers


def test_a_signature_is_that_of_the_standard() -> None:
    """The example of the Standard Webhooks specification's own libraries."""
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_secret_that_is_good_signs() -> None:
    old, new = new_secret(), new_secret()
    headers = signed_headers([new, old], "msg_1", 5, b"x")
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == "5"
    assert headers["webhook-signature"].split() == [
        sign(new, "msg_1", 5, b"x"),
        sign(old, "msg_1", 5, b"x"),
    ]
    assert old != new


def test_a_secret_at_rest_opens_with_its_key_for_its_webhook_only() -> None:
    seal, secret = Seal(b"k" * 32), new_secret()
    sealed = seal.close(secret, "wh_1")
    assert secret.encode() not in sealed
    assert seal.open(sealed, "wh_1") == secret
    for other, webhook in ((seal, "wh_2"), (Seal(b"x" * 32), "wh_1")):
        with pytest.raises(ValueError, match="another key"):
            other.open(sealed, webhook)

"""The platforms' own libraries for Python, asked as judge.mjs is."""

import json
import sys
from datetime import datetime, timezone

from pywa.utils import webhook_updates_validator
from slack_sdk.signature import Clock, SignatureVerifier
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError


class At(Clock):
    """The clock that a question brings."""

    def __init__(self, now):
        self.at = now

    def now(self):
        return float(self.at)


def slack_sign(question):
    """Slack's library signs, too."""
    time = str(question["now"])
    verifier = SignatureVerifier(question["secrets"]["signing_secret"])
    signature = verifier.generate_signature(timestamp=time, body=question["body"])
    return {"headers": {"x-slack-request-timestamp": time, "x-slack-signature": signature}}


def slack_judge(question):
    """Whether Slack's library believes it."""
    headers = question["headers"]
    verifier = SignatureVerifier(question["secrets"]["signing_secret"], clock=At(question["now"]))
    time, signature = headers["x-slack-request-timestamp"], headers["x-slack-signature"]
    return verifier.is_valid(body=question["body"], timestamp=time, signature=signature)


def standard_sign(question):
    """As any service that sends Standard Webhooks."""
    number = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4X"
    time = datetime.fromtimestamp(question["now"], tz=timezone.utc)
    signature = Webhook(question["secrets"]["inbound_secret"]).sign(number, time, question["body"])
    times = {"webhook-id": number, "webhook-timestamp": str(question["now"])}
    return {"headers": {**times, "webhook-signature": signature}}


def standard(secret):
    """Whether a receiver takes it that has this secret of ours."""

    def judge(question):
        try:
            Webhook(question["secrets"][secret]).verify(question["body"], question["headers"])
        except (WebhookVerificationError, ValueError):
            return False
        return True

    return judge


def meta_sign(question):
    """Nothing of Meta's signs: what it documents."""
    import hashlib
    import hmac

    tag = hmac.new(question["secrets"]["app_secret"].encode(), question["body"].encode(), hashlib.sha256)
    return {"headers": {"x-hub-signature-256": f"sha256={tag.hexdigest()}"}}


def meta_judge(question):
    """Whether a widely used library for WhatsApp believes it."""
    body, signature = question["body"].encode(), question["headers"]["x-hub-signature-256"]
    return webhook_updates_validator(question["secrets"]["app_secret"], body, signature)


SCHEMES = {
    ("slack", "sign"): slack_sign,
    ("slack", "judge"): slack_judge,
    ("standard-webhooks", "sign"): standard_sign,
    ("standard-webhooks", "judge"): standard("inbound_secret"),
    ("standard-webhooks", "take"): standard("signing_secret"),
    ("meta", "sign"): meta_sign,
    ("meta", "judge"): meta_judge,
}


def answer(question):
    """The answer to one question; none where the library has none."""
    act = SCHEMES.get((question["by"], question["do"]))
    return act(question) if act else None


if __name__ == "__main__":
    json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)

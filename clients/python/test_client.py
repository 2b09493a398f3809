"""One login journey through the typed client: COUNTERSIGN_URL and BOT_KEY say where and as whom."""

import os
import unittest

from countersign_client import AuthenticatedClient, models
from countersign_client.api.interactions import (
    get_authentication,
    get_interaction,
    issue_login_link,
    list_interactions,
    open_interaction,
)

URL = os.environ["COUNTERSIGN_URL"]


class LoginJourney(unittest.TestCase):
    def test_a_bot_asks_for_a_login(self):
        gateway = AuthenticatedClient(base_url=URL, token=os.environ["BOT_KEY"])
        asked = models.OpenInteraction.from_dict(
            {"channel": "terminal", "conversation": f"python-{os.getpid()}", "participants": [{"role": "primary"}]}
        )
        opened = open_interaction.sync(client=gateway, body=asked)

        flag = get_authentication.sync(opened.id, client=gateway, intent="statement_copy")
        self.assertFalse(flag.authenticated)
        self.assertFalse(flag.intent.allowed)

        asked = models.IssueLoginLink.from_dict({"purpose": "mid_chat", "intent": "statement_copy"})
        link = issue_login_link.sync(opened.id, client=gateway, body=asked)
        self.assertTrue(link.url.startswith(f"{URL}/l/"))

        now = get_interaction.sync(opened.id, client=gateway)
        self.assertEqual(now.authentication.status, "pending")

        stranger = AuthenticatedClient(base_url=URL, token="not a key")
        self.assertEqual(list_interactions.sync_detailed(client=stranger).status_code, 401)


if __name__ == "__main__":
    unittest.main()

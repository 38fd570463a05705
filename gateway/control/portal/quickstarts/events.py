import json
import os
from base64 import b64encode
from itertools import islice
from urllib.request import Request, urlopen

CITY = "https://your-city.example"


def token():
    """An access token in this program's own name, good for an hour."""
    keys = f"{os.environ['CLIENT_ID']}:{os.environ['CLIENT_SECRET']}".encode()
    headers = {"Authorization": f"Basic {b64encode(keys).decode()}"}
    form = b"grant_type=client_credentials"
    with urlopen(Request(f"{CITY}/oauth/token", form, headers)) as answer:
        return json.load(answer)["access_token"]


headers = {"Authorization": f"Bearer {token()}"}
with urlopen(Request(f"{CITY}/events/v1/stream?types=city.*", headers=headers)) as stream:
    events = (json.loads(line[5:]) for line in stream if line.startswith(b"data:"))
    for event in islice(events, 3):
        print(event["time"], event["type"], event.get("subject", ""))

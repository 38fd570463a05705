import json
import os
from base64 import b64encode
from urllib.parse import urlencode
from urllib.request import Request, urlopen

CITY = "https://your-city.example"


def token():
    """An access token in this program's own name, good for an hour."""
    keys = f"{os.environ['CLIENT_ID']}:{os.environ['CLIENT_SECRET']}".encode()
    headers = {"Authorization": f"Basic {b64encode(keys).decode()}"}
    form = b"grant_type=client_credentials"
    with urlopen(Request(f"{CITY}/oauth/token", form, headers)) as answer:
        return json.load(answer)["access_token"]


query = {
    "type": "Shelter",
    "georel": "near;maxDistance==3000",  # metres
    "geometry": "Point",
    "coordinates": "[139.88,36.55]",  # longitude, latitude
    "options": "keyValues",
    "limit": "3",
}
headers = {"Authorization": f"Bearer {token()}"}
with urlopen(Request(f"{CITY}/ngsi-ld/v1/entities?{urlencode(query)}", headers=headers)) as answer:
    for shelter in json.load(answer):
        print(shelter["id"], shelter["name"], shelter["location"]["coordinates"])

import hashlib
import json
import os
import secrets
from base64 import b64encode, urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

CITY = "https://your-city.example"
BACK = "http://127.0.0.1:8099/callback"
CLIENT_ID = os.environ["CLIENT_ID"]
came = {}


class Callback(BaseHTTPRequestHandler):
    """Where the resident's browser comes back to."""

    def do_GET(self):
        came.update(parse_qsl(urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Thank you. You can close this page.")


# PKCE (RFC 7636): only who began this can end it
verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(12)
digest = hashlib.sha256(verifier.encode()).digest()
asked = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": BACK,
    "scope": "medical:appointments",
    "state": state,
    "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
    "code_challenge_method": "S256",
}
with HTTPServer(("127.0.0.1", 8099), Callback) as server:
    print("Open this, and agree as a test resident:")
    print(f"{CITY}/oauth/authorize?{urlencode(asked)}", flush=True)
    while came.get("state") != state:
        server.handle_request()
if "error" in came:
    raise SystemExit(f"The resident said no: {came['error']}")

keys = b64encode(f"{CLIENT_ID}:{os.environ['CLIENT_SECRET']}".encode()).decode()
form = {
    "grant_type": "authorization_code",
    "code": came["code"],
    "redirect_uri": BACK,
    "code_verifier": verifier,
}
asking = Request(
    f"{CITY}/oauth/token", urlencode(form).encode(), {"Authorization": f"Basic {keys}"}
)
with urlopen(asking) as answer:
    token = json.load(answer)["access_token"]

reading = Request(
    f"{CITY}/medical/v1/residents/me/appointments", headers={"Authorization": f"Bearer {token}"}
)
with urlopen(reading) as answer:
    print(json.dumps(json.load(answer), ensure_ascii=False, indent=2))

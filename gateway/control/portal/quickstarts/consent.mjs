import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

const CITY = "https://your-city.example";
const BACK = "http://127.0.0.1:8099/callback";
const { CLIENT_ID, CLIENT_SECRET } = process.env;

// PKCE (RFC 7636): only who began this can end it
const verifier = randomBytes(36).toString("base64url");
const state = randomBytes(9).toString("base64url");
const asked = new URLSearchParams({
  response_type: "code",
  client_id: CLIENT_ID,
  redirect_uri: BACK,
  scope: "medical:appointments",
  state,
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
});

// where the resident's browser comes back to
const came = await new Promise((resolve) => {
  const server = createServer((request, response) => {
    const query = new URL(request.url, BACK).searchParams;
    response.end("Thank you. You can close this page.");
    if (query.get("state") === state) {
      server.close();
      server.closeAllConnections?.();
      resolve(query);
    }
  });
  server.listen(8099, "127.0.0.1", () => {
    console.log("Open this, and agree as a test resident:");
    console.log(`${CITY}/oauth/authorize?${asked}`);
  });
});
if (came.has("error")) throw new Error(`The resident said no: ${came.get("error")}`);

const tokens = await fetch(`${CITY}/oauth/token`, {
  method: "POST",
  headers: { Authorization: `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}` },
  body: new URLSearchParams({
    grant_type: "authorization_code",
    code: came.get("code"),
    redirect_uri: BACK,
    code_verifier: verifier,
  }),
});
const { access_token: token } = await tokens.json();

const answer = await fetch(`${CITY}/medical/v1/residents/me/appointments`, {
  headers: { Authorization: `Bearer ${token}` },
});
console.log(JSON.stringify(await answer.json(), null, 2));

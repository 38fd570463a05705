// A confidential app, and a machine, by oauth4webapi: both authenticate with private_key_jwt.

import { given, refusal, tell, visit } from "./resident.mjs";

import * as oauth from "oauth4webapi";

const insecure = { [oauth.allowInsecureRequests]: true }; // plain HTTP on loopback
const issuer = new URL(given.issuer);
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }), // RFC 8414
);
const resource = await oauth.processResourceDiscoveryResponse(
  issuer,
  await oauth.resourceDiscoveryRequest(issuer, insecure), // RFC 9728
);
const algorithm = { name: "ECDSA", namedCurve: "P-256" };
const key = await crypto.subtle.importKey("jwk", given.key, algorithm, false, ["sign"]);
const authentication = oauth.PrivateKeyJwt({ key, kid: given.key.kid });

async function machine() {
  const client = { client_id: given.machine };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  const answer = await oauth.clientCredentialsGrantRequest(
    as, client, authentication, { scope: given.machine_scope }, { DPoP, ...insecure },
  );
  const tokens = await oauth.processClientCredentialsResponse(as, client, answer);
  const introspect = async () => oauth.processIntrospectionResponse(
    as, client,
    await oauth.introspectionRequest(as, client, authentication, tokens.access_token, insecure),
  );
  const before = await introspect();
  const read = await oauth.protectedResourceRequest(
    tokens.access_token, "GET", new URL(given.open), new Headers(), null, { DPoP, ...insecure },
  );
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, authentication, tokens.access_token, insecure),
  );
  return { tokens, before, after: await introspect(), status: read.status };
}

async function app() {
  const client = { client_id: given.app };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const parameters = {
    response_type: "code",
    redirect_uri: given.redirect_uri,
    scope: given.scope,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    resource: resource.resource, // RFC 8707
    state,
  };
  const pushed = await oauth.processPushedAuthorizationResponse(
    as, client,
    await oauth.pushedAuthorizationRequest(
      as, client, authentication, parameters, { DPoP, ...insecure },
    ),
  );
  const url = new URL(as.authorization_endpoint);
  url.searchParams.set("client_id", client.client_id);
  url.searchParams.set("request_uri", pushed.request_uri);
  const back = await visit(url);
  const answered = oauth.validateAuthResponse(as, client, back, state); // RFC 9207 too

  const redeem = async () => oauth.processAuthorizationCodeResponse(
    as, client,
    await oauth.authorizationCodeGrantRequest(
      as, client, authentication, answered, given.redirect_uri, verifier, { DPoP, ...insecure },
    ),
  );
  const tokens = await redeem();
  const replayed = await refusal(redeem());
  const afterReplay = await refusal(
    oauth.refreshTokenGrantRequest(
      as, client, authentication, tokens.refresh_token, { DPoP, ...insecure },
    ).then((answer) => oauth.processRefreshTokenResponse(as, client, answer)),
  );
  return { token_type: tokens.token_type, scope: tokens.scope, replayed, afterReplay };
}

tell({ resource, machine: await machine(), app: await app() });

// A public app (RFC 8252) by openid-client: everything is bound to a key that it made (RFC 9449).

import { given, refusal, tell, visit } from "./resident.mjs";

import * as client from "openid-client";

const config = await client.discovery(
  new URL(given.issuer),
  given.client_id,
  undefined,
  client.None(),
  { execute: [client.allowInsecureRequests] }, // plain HTTP on loopback
);
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));

async function authorize(parameters = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: given.redirect_uri,
      scope: given.scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
      ...parameters,
    },
    { DPoP },
  );
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  return { back: await visit(url), checks };
}

const { back, checks } = await authorize({ prompt: "login", max_age: "300" });
const first = await client.authorizationCodeGrant(
  config,
  back,
  { ...checks, maxAge: 300, idTokenExpected: true },
  {},
  { DPoP },
);
const claims = first.claims();
const person = await client.fetchUserInfo(config, first.access_token, claims.sub, { DPoP });
const read = async (token) => {
  const options = { DPoP };
  const url = new URL(given.personal);
  return client.fetchProtectedResource(config, token, url, "GET", null, new Headers(), options);
};
const answer = await read(first.access_token);
const bare = { headers: { authorization: `Bearer ${first.access_token}` } };
const withoutProof = (await fetch(given.personal, bare)).status;

// rotation, and what the use of an old refresh token costs
const second = await client.refreshTokenGrant(config, first.refresh_token, {}, { DPoP });
const stolen = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
const withAnotherKey = await refusal(
  client.refreshTokenGrant(config, second.refresh_token, {}, { DPoP: stolen }),
);
const third = await client.refreshTokenGrant(config, second.refresh_token, {}, { DPoP });
const replayed = await refusal(
  client.refreshTokenGrant(config, first.refresh_token, {}, { DPoP }),
);
const afterReplay = await refusal(
  client.refreshTokenGrant(config, third.refresh_token, {}, { DPoP }),
);
const userInfoAfterReplay = await refusal(
  client.fetchUserInfo(config, third.access_token, claims.sub, { DPoP }),
);

tell({
  types: [first.token_type, second.token_type, third.token_type],
  claims,
  person,
  withoutProof,
  personal: { status: answer.status, body: await answer.text() },
  withAnotherKey,
  replayed,
  afterReplay,
  userInfoAfterReplay,
});

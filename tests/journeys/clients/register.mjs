// A developer's first hour, by openid-client: register (RFC 7591), wait for an operator, go on.

import { given, refusal, tell, visit } from "./resident.mjs";

import * as client from "openid-client";

const config = await client.dynamicClientRegistration(
  new URL(given.issuer),
  { client_name: "First hour", scope: given.scope, grant_types: ["client_credentials"] },
  client.ClientSecretBasic(),
  { execute: [client.allowInsecureRequests] }, // plain HTTP on loopback
);
const registered = config.clientMetadata();
const before = await refusal(client.clientCredentialsGrant(config));

await visit(registered.client_id); // here it is the operator who is asked

const tokens = await client.clientCredentialsGrant(config);
const manage = async (method) =>
  fetch(registered.registration_client_uri, {
    method,
    headers: { authorization: `Bearer ${registered.registration_access_token}` },
  });
const state = (await (await manage("GET")).json()).registration_state; // RFC 7592
const deleted = (await manage("DELETE")).status;
const after = await refusal(client.clientCredentialsGrant(config));

tell({ before, scope: tokens.scope, state, deleted, after });

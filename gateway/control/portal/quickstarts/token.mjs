const CITY = "https://your-city.example";

// an access token in this program's own name, good for an hour
async function token() {
  const keys = btoa(`${process.env.CLIENT_ID}:${process.env.CLIENT_SECRET}`);
  const answer = await fetch(`${CITY}/oauth/token`, {
    method: "POST",
    headers: { Authorization: `Basic ${keys}` },
    body: new URLSearchParams({ grant_type: "client_credentials" }),
  });
  return (await answer.json()).access_token;
}

const headers = { Authorization: `Bearer ${await token()}` };
const answer = await fetch(`${CITY}/medical/v1/hospitals`, { headers });
for (const hospital of (await answer.json()).items) {
  console.log(hospital.name, hospital.bedsAvailable);
}

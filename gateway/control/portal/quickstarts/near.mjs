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

const query = new URLSearchParams({
  type: "Shelter",
  georel: "near;maxDistance==3000", // metres
  geometry: "Point",
  coordinates: "[139.88,36.55]", // longitude, latitude
  options: "keyValues",
  limit: "3",
});
const headers = { Authorization: `Bearer ${await token()}` };
const answer = await fetch(`${CITY}/ngsi-ld/v1/entities?${query}`, { headers });
for (const shelter of await answer.json()) {
  console.log(shelter.id, shelter.name, shelter.location.coordinates);
}

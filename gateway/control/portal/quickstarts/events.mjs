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

async function* events(types) {
  const headers = { Authorization: `Bearer ${await token()}` };
  const answer = await fetch(`${CITY}/events/v1/stream?types=${types}`, { headers });
  let rest = "";
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) yield JSON.parse(line.slice(5));
    }
  }
}

let seen = 0;
for await (const event of events("city.*")) {
  console.log(event.time, event.type, event.subject ?? "");
  if (++seen === 3) break;
}

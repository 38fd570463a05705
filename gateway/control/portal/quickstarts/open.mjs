const answer = await fetch("https://your-city.example/catalogue/v1/apis");
for (const api of await answer.json()) {
  console.log(api.name, "-", api.title);
}

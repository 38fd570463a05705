const answer = await fetch("https://city.example/catalogue/v1/apis");
for (const api of (await answer.json()).items) {
  console.log(api.name, "-", api.title);
}

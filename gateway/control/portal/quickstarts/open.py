import json
from urllib.request import urlopen

with urlopen("https://your-city.example/catalogue/v1/apis") as answer:
    for api in json.load(answer):
        print(api["name"], "-", api["title"])

import json
from urllib.request import urlopen

with urlopen("https://city.example/catalogue/v1/apis") as answer:
    for api in json.load(answer)["items"]:
        print(api["name"], "-", api["title"])

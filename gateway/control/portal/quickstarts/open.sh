curl -s https://city.example/catalogue/v1/apis

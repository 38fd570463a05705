curl -s https://your-city.example/catalogue/v1/apis

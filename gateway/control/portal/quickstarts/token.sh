TOKEN=$(curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials \
  https://your-city.example/oauth/token | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')

curl -s -H "Authorization: Bearer $TOKEN" https://your-city.example/medical/v1/hospitals

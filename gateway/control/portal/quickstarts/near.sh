TOKEN=$(curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials \
  https://your-city.example/oauth/token | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')

curl -sG -H "Authorization: Bearer $TOKEN" https://your-city.example/ngsi-ld/v1/entities \
  -d type=Shelter -d options=keyValues -d limit=3 \
  -d geometry=Point --data-urlencode "coordinates=[139.88,36.55]" \
  --data-urlencode "georel=near;maxDistance==3000"

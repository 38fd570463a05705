(
CITY=https://your-city.example
BACK=http://127.0.0.1:8099/callback
VERIFIER=$(openssl rand -hex 32)
CHALLENGE=$(printf %s "$VERIFIER" | openssl dgst -sha256 -binary | openssl base64 -A |
  tr '+/' '-_' | tr -d '=')
STATE=$(openssl rand -hex 8)

echo "Open this, and agree as a test resident:"
echo "$CITY/oauth/authorize?response_type=code&client_id=$CLIENT_ID&redirect_uri=$BACK\
&scope=medical:appointments&state=$STATE&code_challenge=$CHALLENGE&code_challenge_method=S256"
echo "Nothing listens where your browser goes then: paste the address that it shows."
read -r CAME
case $CAME in
  *"state=$STATE"*) ;;
  *) echo "This answers another question, or somebody else's." >&2; exit 1 ;;
esac

CODE=$(printf %s "$CAME" | sed 's/.*[?&]code=\([^&]*\).*/\1/')
TOKEN=$(curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=authorization_code -d "code=$CODE" \
  -d "redirect_uri=$BACK" -d "code_verifier=$VERIFIER" "$CITY/oauth/token" |
  sed 's/.*"access_token": *"\([^"]*\)".*/\1/')

curl -s -H "Authorization: Bearer $TOKEN" "$CITY/medical/v1/residents/me/appointments"
)

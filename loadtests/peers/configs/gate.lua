-- Route, token (verified by libcrypto, remembered in an LRU), scope, limit per client, counters.
local ffi = require "ffi"
local lru = require("resty.lrucache").new(20000)
ffi.cdef [[
typedef struct bio_st BIO; typedef struct evp_pkey_st EVP_PKEY; typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct evp_md_st EVP_MD;
BIO *BIO_new_mem_buf(const void *buf, int len);
EVP_PKEY *PEM_read_bio_PUBKEY(BIO *bp, EVP_PKEY **x, void *cb, void *u);
EVP_MD_CTX *EVP_MD_CTX_new(void); void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
const EVP_MD *EVP_sha256(void);
int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, void **pctx, const EVP_MD *type, void *e, EVP_PKEY *pkey);
int EVP_DigestVerify(EVP_MD_CTX *ctx, const char *sig, size_t siglen, const char *tbs, size_t tbslen);
]]
local crypto = ffi.load("libcrypto.so.3")
local decode = require("ngx.base64").decode_base64url
local keys, routes = {}, {}
for _, alg in ipairs { "ES256", "RS256" } do
  local file = assert(io.open("$folder/" .. alg .. ".pem"))
  local pem = file:read("*a"); file:close()
  keys[alg] = crypto.PEM_read_bio_PUBKEY(crypto.BIO_new_mem_buf(pem, #pem), nil, nil, nil)
end
for line in io.lines("$folder/routes") do routes[line] = true end

local function integer(bytes)
  bytes = bytes:gsub("^%z+", "")
  if bytes == "" or bytes:byte() >= 128 then bytes = "\0" .. bytes end
  return "\2" .. string.char(#bytes) .. bytes
end

local function verify(token)
  local head, payload, signature = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$$")
  if not head then return nil end
  local header, claims, raw = decode(head), decode(payload), decode(signature)
  local alg = header:match('"alg":"(%w+)"')
  if not keys[alg] or not header:find('"typ":"at+jwt"', 1, true) then return nil end
  if alg == "ES256" then
    local pair = integer(raw:sub(1, 32)) .. integer(raw:sub(33))
    raw = "\48" .. string.char(#pair) .. pair
  end
  local ctx, signed = crypto.EVP_MD_CTX_new(), head .. "." .. payload
  local good = crypto.EVP_DigestVerifyInit(ctx, nil, crypto.EVP_sha256(), nil, keys[alg]) == 1
    and crypto.EVP_DigestVerify(ctx, raw, #raw, signed, #signed) == 1
  crypto.EVP_MD_CTX_free(ctx)
  if not good or not claims:find('"iss":"$issuer"', 1, true) then return nil end
  if not claims:find('"aud":"$issuer"', 1, true) then return nil end
  local scopes = {}
  for scope in (claims:match('"scope":"([^"]*)"') or ""):gmatch("%S+") do scopes[scope] = true end
  return { client = claims:match('"client_id":"([^"]*)"'), exp = tonumber(claims:match('"exp":(%d+)')),
           scopes = scopes }
end

local buckets = {}
local function limited(client, now)
  local bucket = buckets[client]
  if not bucket then bucket = { 1e6, now }; buckets[client] = bucket end
  bucket[1] = math.min(1e6, bucket[1] + (now - bucket[2]) * 1e6) - 1
  bucket[2] = now
  return bucket[1] < 0
end

local counts, histogram, bounds = {}, {}, { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1 }
local M = {}
function M.access()
  local route = ngx.var.uri:match("^(.*)/[^/]+$$")
  if not routes[route] then return ngx.exit(404) end
  ngx.ctx.route = route
  local token = (ngx.var.http_authorization or ""):match("^Bearer (.+)$$")
  if not token then return ngx.exit(401) end
  local grant = lru:get(token)
  if not grant then
    grant = verify(token)
    if not grant then return ngx.exit(401) end
    lru:set(token, grant)
  end
  local now = ngx.now()
  if grant.exp <= now then return ngx.exit(401) end
  if not grant.scopes["$scope"] then return ngx.exit(403) end
  if limited(grant.client, now) then return ngx.exit(429) end
  ngx.req.set_header("X-City-Client", grant.client)
end
function M.count()
  local route = ngx.ctx.route or "none"
  counts[route] = (counts[route] or 0) + 1
  local took, at = ngx.now() - ngx.req.start_time(), 1
  while bounds[at] and took > bounds[at] do at = at + 1 end
  histogram[at] = (histogram[at] or 0) + 1
end
return M

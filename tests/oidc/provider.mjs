// A real OpenID provider (npm oidc-provider) on loopback, for tests/system/test_oidc.py.
//   node provider.mjs PORT OPTIONS-JSON     prints "ready" once it listens; ends on SIGTERM
// Who signs in is said by the test instead of by a login page: /interaction/{uid}?account=A. The account's name decides
// what is claimed about it: "unverified:A" has an address nobody has checked, "silent:A" has none.
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const port = Number(process.argv[2]);
const options = JSON.parse(process.argv[3] ?? "{}");
const issuer = `http://127.0.0.1:${port}`;

const key = (type, parameters, alg) => ({
  ...generateKeyPairSync(type, parameters).privateKey.export({ format: "jwk" }),
  alg, use: "sig", kid: `${alg}-${Math.random().toString(36).slice(2)}`,
});

function claims(id) {
  const [kind, address] = id.includes(":") ? id.split(":") : ["", id];
  return kind === "silent" ? { sub: id } : { sub: id, email: address, email_verified: kind !== "unverified" };
}

const client = (client_id, alg, method) => ({
  client_id, client_secret: options.secret, redirect_uris: [options.redirect], response_types: ["code"],
  grant_types: ["authorization_code"], id_token_signed_response_alg: alg, token_endpoint_auth_method: method,
});

const provider = new Provider(issuer, {
  clients: [client("basic-rs256", "RS256", "client_secret_basic"), client("post-es256", "ES256", "client_secret_post"),
    { ...client("public-rs256", "RS256", "none"), client_secret: undefined }],
  clientAuthMethods: options.methods ?? ["client_secret_basic", "client_secret_post", "none"],
  jwks: { keys: [key("rsa", { modulusLength: 2048 }, "RS256"), key("ec", { namedCurve: "P-256" }, "ES256")] },
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  // true (the default): claims only at the user info endpoint; false: in the ID token, as many providers do it.
  conformIdTokenClaims: options.userinfo ?? false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => claims(id) }),
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});

provider.app.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) return next();
  ctx.respond = false;
  const result = ctx.query.error ? { error: ctx.query.error } : { login: { accountId: ctx.query.account } };
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => process.exit(0));

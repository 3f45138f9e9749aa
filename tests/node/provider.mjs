// The certified OpenID provider of npm, with one client: Keiko. It prints its address once it serves.

import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const keiko = process.env.KEIKO_URL;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "keiko",
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: [`${keiko}/auth/with/there/callback`],
        post_logout_redirect_uris: [`${keiko}/login`],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    pkce: { required: () => true },
    cookies: { keys: [process.env.CLIENT_SECRET] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username", "groups"] },
    findAccount: async (_, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@example.org`, email_verified: true, name: `${id} there`, preferred_username: id, groups: ["staff"] }),
    }),
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});

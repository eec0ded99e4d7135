/*
 * Believes the token in /var/run/oidc only if the issuer that it names says so by OpenID's own rules. Asks the issuer with the pod's other
 * token, for whom it may be closed.
 */
import { strict as assert } from 'node:assert';
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
const own = readFileSync(`${folder}/token`, 'utf8');
const ca = readFileSync(`${folder}/ca.crt`);
const token = readFileSync('/var/run/oidc/token', 'utf8');

const ask = (url) =>
  new Promise((done, fail) => {
    const asked = request(url, { ca, headers: { authorization: `Bearer ${own}` } }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      assert.equal(response.statusCode, 200, `${url}: ${response.statusCode} ${text}`);
      done({ type: response.headers['content-type'], body: JSON.parse(text) });
    });
    asked.on('error', fail).end();
  });

const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const [head, claims, signature] = token.split('.');
const [{ alg, kid }, { iss, aud, sub }] = [decode(head), decode(claims)];
assert.deepEqual([alg, aud], ['RS256', [process.env.AUDIENCE]]);

const discovery = await ask(`${iss}/.well-known/openid-configuration`);
assert.match(discovery.type, /^application\/json/);
assert.equal(discovery.body.issuer, iss);
assert.deepEqual(discovery.body.id_token_signing_alg_values_supported, ['RS256']);
assert.deepEqual(discovery.body.response_types_supported, ['id_token']);
assert.deepEqual(discovery.body.subject_types_supported, ['public']);
const keys = await ask(discovery.body.jwks_uri);
assert.match(keys.type, /^application\/jwk-set\+json/);
const key = createPublicKey({ key: keys.body.keys.find((one) => one.kid === kid), format: 'jwk' });
assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url')));
console.log(`the token is the issuer's, and of ${sub}`);

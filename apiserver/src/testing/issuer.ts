import { createPublicKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@keelson/base';
import { type Credential, createCA, generateKey, issue } from '@keelson/pki';
import { SignJWT } from 'jose/jwt/sign';

/** An OpenID Connect issuer of somebody else's, over TLS: a discovery document, a key set, and tokens signed with it. */
export class TestIssuer {
  readonly ca: Credential;
  /** Paths it was asked for. */
  readonly asked: string[] = [];
  /** What discovery says in place of the truth. */
  claimedIssuer: string | undefined;
  /** Tokens it gives at a path, to who shows the token it is given for; anybody where that is empty. */
  readonly given = new Map<string, { readonly token: string; readonly to: string }>();
  /** Whether it answers. */
  isAway = false;
  readonly #server: Server;
  #key: KeyObject;
  #keyID = 'first';

  private constructor(ca: Credential, serving: Credential, key: KeyObject) {
    this.ca = ca;
    this.#key = key;
    this.#server = createServer({ cert: serving.certPem, key: serving.keyPem }, ({ url = '', headers }, response) => {
      this.asked.push(url);
      if (this.isAway) return void response.writeHead(503).end('away');
      const given = this.given.get(url);
      if (given && (headers.authorization ?? '') === (given.to && `Bearer ${given.to}`)) return void response.end(given.token);
      const known: Record<string, object> = {
        '/.well-known/openid-configuration': { issuer: this.claimedIssuer ?? this.url, jwks_uri: `${this.url}/keys` },
        '/keys': { keys: [{ ...this.#publicKey().export({ format: 'jwk' }), kid: this.#keyID, alg: 'RS256', use: 'sig' }] },
      };
      const document = known[url];
      if (!document) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    });
  }

  static async start(): Promise<TestIssuer> {
    const clock = systemClock;
    const ca = await createCA({ commonName: 'issuer-ca', days: 1, clock });
    const serving = await issue({ ca, commonName: 'issuer', ips: ['127.0.0.1'], usages: ['server'], days: 1, clock });
    const made = new TestIssuer(ca, serving, await generateKey('RSA'));
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get publicKeyPem(): string {
    return this.#publicKey().export({ type: 'spki', format: 'pem' }).toString();
  }

  /** A token of this issuer: valid for an hour for `audience` `kubernetes`, unless the claims say otherwise. */
  sign(claims: Readonly<Record<string, unknown>>, now = systemClock.now()): Promise<string> {
    const seconds = Math.floor(now / 1000);
    const usual = { iss: this.url, aud: 'kubernetes', iat: seconds, exp: seconds + 3600 };
    return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'RS256', kid: this.#keyID }).sign(this.#key);
  }

  /** From now on it signs with another key, and knows no other. */
  async rotate(): Promise<void> {
    this.#key = await generateKey('RSA');
    this.#keyID = `after ${this.#keyID}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #publicKey(): KeyObject {
    return createPublicKey(this.#key);
  }
}

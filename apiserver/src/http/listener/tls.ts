import { getCiphers, type SecureVersion } from 'node:tls';
import type { TlsTerms } from '@keelson/component';

const versions: Readonly<Record<string, SecureVersion>> = {
  VersionTLS10: 'TLSv1',
  VersionTLS11: 'TLSv1.1',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
};

/** `--tls-min-version` and `--tls-cipher-suites`, the latter by the names the standard gives them. @throws Error in upstream's words. */
export function readTlsTerms(version: string, suites: readonly string[]): TlsTerms {
  const minVersion = version === '' ? 'TLSv1.2' : versions[version];
  if (minVersion === undefined) throw new Error(`unknown tls version ${JSON.stringify(version)}`);
  if (suites.length === 0) return { minVersion };
  const known = new Set(getCiphers().map((name) => name.toUpperCase()));
  const ciphers = suites.map((suite) => {
    const name = opensslName(suite);
    if (!known.has(name)) throw new Error(`Cipher suite ${suite} not supported or doesn't exist`);
    return name;
  });
  return { minVersion, ciphers: ciphers.join(':') };
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is `ECDHE-RSA-AES128-GCM-SHA256` to OpenSSL; suites of TLS 1.3 keep their names. */
function opensslName(suite: string): string {
  const [, exchange, cipher] = /^TLS_(\w+)_WITH_(\w+)$/.exec(suite) ?? [];
  if (cipher === undefined) return suite;
  const short = cipher
    .replace(/^3DES_EDE_CBC_/, 'DES_CBC3_')
    .replace(/^AES_(\d+)_CBC_/, 'AES$1_')
    .replace(/^AES_(\d+)_/, 'AES$1_')
    .replace(/^CHACHA20_POLY1305.*/, 'CHACHA20_POLY1305');
  return [...(exchange === 'RSA' ? [] : [exchange]), short].join('_').replaceAll('_', '-');
}

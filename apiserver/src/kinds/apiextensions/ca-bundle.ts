const block = /-----BEGIN ([A-Z ]+)-----\s[\s\S]*?-----END \1-----/g;

/** Why nobody can be trusted by a bundle of certificates, in base64; undefined when somebody can, or none is given. Words are Go's. */
export function caBundleProblem(bundle: string | undefined): string | undefined {
  if (!bundle) return undefined;
  const kinds = [...atob(bundle).matchAll(block)].map(([, kind]) => kind);
  if (kinds.includes('CERTIFICATE')) return undefined;
  const why = kinds.length === 0 ? 'unable to parse bytes as PEM block' : 'no valid certificate authority data seen';
  return `unable to load root certificates: ${why}`;
}

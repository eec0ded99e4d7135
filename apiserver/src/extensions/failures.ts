interface Place {
  readonly host: string;
  readonly port: number;
}

/** `host:port` as a URL has it. */
export function authority({ host, port }: Place): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const dialErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
};

const unverified = 'tls: failed to verify certificate: x509: certificate';

/** Why another server was not reached, in the words clients and administrators know. */
export function failureText(place: Place, error: NodeJS.ErrnoException): string {
  const { code = '' } = error;
  if (dialErrors[code]) return `dial tcp ${authority(place)}: ${dialErrors[code]}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${place.host}: no such host`;
  if (/UNABLE_TO|SELF_SIGNED|DEPTH_ZERO/.test(code)) return `${unverified} signed by unknown authority`;
  if (error.message === 'socket hang up') return 'EOF';
  return code === 'CERT_HAS_EXPIRED' ? `${unverified} has expired or is not yet valid` : error.message;
}

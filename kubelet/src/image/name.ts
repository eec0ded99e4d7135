/** `docker.io` for names that begin with no host, as container runtimes read them. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (first.includes('.') || first.includes(':') || first === 'localhost');
  return isHost ? first : 'docker.io';
}

/** The name with `:latest` where it has neither tag nor digest. */
export function withDefaultTag(image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1);
  return last.includes(':') || last.includes('@') ? image : `${image}:latest`;
}

/** The policy in force: what the container says, else by whether the tag moves. */
export function pullPolicy(image: string, stated: string | undefined): string {
  if (stated) return stated;
  return withDefaultTag(image).endsWith(':latest') ? 'Always' : 'IfNotPresent';
}

/** Whether Go would take a text for the target of a request: an absolute address, or a path from the root. */
export function isRequestUri(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text) || text.startsWith(':')) return false;
  if (text === '*') return true;
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(text)?.[0] ?? '';
  const [rest = ''] = text.slice(scheme.length).split('?');
  if (!rest.startsWith('/')) return scheme !== '';
  const [, authority, path = ''] = (scheme !== '' && /^\/\/([^/]*)(.*)$/s.exec(rest)) || ['', undefined, rest];
  return (authority === undefined || isAuthority(authority)) && isEscaped(path);
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@');
  const [user, host] = [authority.slice(0, Math.max(at, 0)), authority.slice(at + 1)];
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user) || !isEscaped(user)) return false;
  if (host.startsWith('[')) return /^\[[^\]]*\](:\d*)?$/.test(host) && isEscaped(host);
  const [, name = '', port = ''] = /^([^:]*)(:.*)?$/s.exec(host) ?? [];
  return /^(:\d*)?$/.test(port) && !/[\s"^`{|}\\]/.test(name) && !/%(?![89A-Fa-f][0-9A-Fa-f])/.test(name);
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/.test(text);
}

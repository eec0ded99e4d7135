/**
 * The commands, as arguments of `iptables`, that remove what CNI's portmap leaves in the nat table when its last pod is gone: its chains
 * and the jumps to them. None while any pod has a host port. `rules` is what `iptables -t nat -S` prints.
 */
export function hostPortLeftovers(rules: string): string[][] {
  const lines = rules.split('\n').filter((line) => line !== '');
  const chains = lines.filter((line) => /^-N CNI-HOSTPORT-/.test(line)).map((line) => line.slice(3));
  if (chains.length === 0 || lines.some((line) => line.startsWith('-A CNI-HOSTPORT-DNAT '))) return [];
  const jumps = lines.filter(
    (line) => line.startsWith('-A ') && !line.startsWith('-A CNI-') && chains.some((chain) => line.endsWith(` -j ${chain}`)),
  );
  return [
    ...jumps.map((line) => ['-t', 'nat', '-D', ...words(line.slice(3))]),
    ...chains.map((chain) => ['-t', 'nat', '-F', chain]),
    ...chains.map((chain) => ['-t', 'nat', '-X', chain]),
  ];
}

/** A rule's words; comments are in double quotes. */
function words(rule: string): string[] {
  return Array.from(rule.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
}

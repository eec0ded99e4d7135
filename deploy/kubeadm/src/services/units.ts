/** A program that systemd keeps running. */
export interface Unit {
  readonly description: string;
  /** The program and its arguments; the program is an absolute path. */
  readonly command: readonly string[];
  /** Units to start after. */
  readonly after: readonly string[];
  /** Whether it makes cgroups of its own. */
  readonly delegate: boolean;
}

/** The text of a unit file. What a unit started itself (containers' shims) lives on when it stops. */
export function renderUnit({ description, command, after, delegate }: Unit): string {
  return `${[
    '[Unit]',
    `Description=${description}`,
    'Wants=network-online.target',
    `After=${['network-online.target', ...after].join(' ')}`,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${command.map(quoted).join(' ')}`,
    'Restart=always',
    'RestartSec=1',
    'KillMode=process',
    'LimitNOFILE=1048576',
    ...(delegate ? ['Delegate=yes', 'OOMScoreAdjust=-999'] : []),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')}\n`;
}

/** systemd reads `%` and `$` as its own, and words in double quotes with C's escapes. */
function quoted(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w@%+=:,./$<*-]+$/.test(plain) ? plain : `"${plain.replace(/["\\]/g, '\\$&')}"`;
}

/** The name of a service's unit: Kubernetes' own, except for what is Keelson's private copy of a program the machine may have. */
export function unitName(service: string): string {
  return service === 'containerd' ? 'keelson-containerd.service' : `${service}.service`;
}

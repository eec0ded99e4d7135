/** What keeps a machine from becoming part of a cluster, under upstream's names of checks where it has one. */
export interface Problem {
  readonly check: string;
  /** What is wrong, and what to do about it. */
  readonly message: string;
}

/** What was found on the machine. */
export interface Facts {
  readonly root: string;
  readonly isRoot: boolean;
  /** Why containers cannot be run; undefined when they can. */
  readonly noContainers: string | undefined;
  /** Debian packages whose programs are missing. */
  readonly missingPackages: readonly string[];
  readonly portsInUse: readonly number[];
  /** Those of the files and directories that must not be there yet. */
  readonly leftovers: readonly string[];
  readonly nodeName: string;
  /** The address others reach it under; undefined when there is none. */
  readonly address: string | undefined;
  /** Of the unix socket that the private container runtime would have. */
  readonly socketLength: number;
  /** Endpoints that were named and do not answer, and why. */
  readonly unreachable: readonly { readonly check: string; readonly endpoint: string; readonly reason: string }[];
}

/** Every problem there is, so that all can be solved at once. */
export function problemsOf(facts: Facts): Problem[] {
  return [...ofMachine(facts), ...ofNetwork(facts), ...facts.leftovers.map(leftover(facts.root))];
}

/** The kernel takes 107 bytes, and containerd adds `.ttrpc` to the name of a second socket. */
const longestSocket = 100;

function ofMachine({ isRoot, noContainers, missingPackages, socketLength, root }: Facts): Problem[] {
  return [
    ...(isRoot ? [] : [{ check: 'IsPrivilegedUser', message: 'user is not running as root: use sudo' }]),
    ...(noContainers === undefined || !isRoot ? [] : [{ check: 'SystemVerification', message: noContainers }]),
    ...missingPackages.map((name) => ({ check: `FileExisting-${name}`, message: `${name} is not installed: apt-get install ${name}` })),
    ...(socketLength > longestSocket ? [{ check: 'SocketPath', message: `--root ${root} is too long for a unix socket below it` }] : []),
  ];
}

function ofNetwork({ nodeName, address, portsInUse, unreachable }: Facts): Problem[] {
  const named = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(nodeName);
  return [
    ...(named
      ? []
      : [
          {
            check: 'Hostname',
            message: `"${nodeName}" cannot be a node's name: give it one of lower case letters, digits, dashes and dots with --node-name`,
          },
        ]),
    ...(address === undefined
      ? [
          {
            check: 'NodeAddress',
            message: 'this machine has no address that others could reach it under: name one with --apiserver-advertise-address',
          },
        ]
      : []),
    ...portsInUse.map((port) => ({ check: `Port-${port}`, message: `Port ${port} is in use: stop what listens there` })),
    ...unreachable.map(({ check, endpoint, reason }) => ({
      check,
      message: `${endpoint} does not answer (${reason}): start it, or name another`,
    })),
  ];
}

const leftover =
  (root: string) =>
  (path: string): Problem => ({
    check: `FileAvailable-${path.replaceAll('/', '-')}`,
    message: `${path} already exists: if this machine was part of a cluster, run kubeadm reset${root === '/' ? '' : ` --root ${root}`}`,
  });

/** The report of what was found; fatal problems first come those that are not ignored. */
export function sortProblems(
  problems: readonly Problem[],
  ignored: readonly string[],
): { readonly fatal: Problem[]; readonly warnings: Problem[] } {
  const names = new Set(ignored.map((name) => name.toLowerCase()));
  const isIgnored = ({ check }: Problem): boolean => names.has('all') || names.has(check.toLowerCase());
  return { fatal: problems.filter((problem) => !isIgnored(problem)), warnings: problems.filter(isIgnored) };
}

export function renderFatal(problems: readonly Problem[]): string {
  return [
    '[preflight] this machine is not ready:',
    ...problems.map(({ check, message }) => `\t[ERROR ${check}]: ${message}`),
    '[preflight] a check can be passed over with --ignore-preflight-errors=NAME,NAME',
  ].join('\n');
}

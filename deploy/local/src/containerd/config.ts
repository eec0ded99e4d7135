/** Where one private containerd keeps everything, and what it runs pods with. Every path is absolute. */
export interface ContainerdConfig {
  readonly dataDir: string;
  readonly cniBinDir: string;
  readonly cniConfDir: string;
  readonly pauseImage: string;
  /** What `containerd --version` names, such as `1.6.20` or `2.1.4`. */
  readonly version: string;
  /** `native` where the data directory's filesystem cannot carry overlays. */
  readonly snapshotter?: 'overlayfs' | 'native';
}

/** The files of a containerd that lives in `dataDir`. */
export interface ContainerdPaths {
  readonly config: string;
  readonly socket: string;
  readonly root: string;
  /** In memory: it ends with the machine, as /run does. */
  readonly state: string;
  readonly log: string;
  readonly pid: string;
  /** `hosts.toml` files per registry. */
  readonly registries: string;
}

export function containerdPaths(dataDir: string): ContainerdPaths {
  const at = (name: string): string => `${dataDir}/${name}`;
  return {
    config: at('containerd.toml'),
    socket: at('containerd.sock'),
    root: at('root'),
    state: at('state'),
    log: at('containerd.log'),
    pid: at('containerd.pid'),
    registries: at('certs.d'),
  };
}

/**
 * The configuration of a containerd that shares nothing with another one on the machine: version 2 for 1.6 and 1.7, version 3 for 2.x.
 * Plugins that would claim machine-wide paths or that no pod needs are off.
 */
export function containerdConfig(config: ContainerdConfig): string {
  const paths = containerdPaths(config.dataDir);
  const modern = Number(config.version.split('.')[0]) >= 2;
  const head = [
    `version = ${modern ? 3 : 2}`,
    `root = ${text(paths.root)}`,
    `state = ${text(paths.state)}`,
    `disabled_plugins = [${unused.map(text).join(', ')}]`,
    '[grpc]',
    `address = ${text(paths.socket)}`,
    '[plugins."io.containerd.internal.v1.opt"]',
    `path = ${text(`${config.dataDir}/opt`)}`,
  ];
  return `${[...head, ...(modern ? criOf2(config, paths) : criOf1(config, paths))].join('\n')}\n`;
}

const unused = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.nri.v1.nri',
];

function criOf1(config: ContainerdConfig, paths: ContainerdPaths): string[] {
  const plugin = 'plugins."io.containerd.grpc.v1.cri"';
  return [
    `[${plugin}]`,
    `sandbox_image = ${text(config.pauseImage)}`,
    ...pods(plugin, config),
    `[${plugin}.registry]`,
    `config_path = ${text(paths.registries)}`,
    `[${plugin}.containerd]`,
    `snapshotter = ${text(config.snapshotter ?? 'overlayfs')}`,
  ];
}

function criOf2(config: ContainerdConfig, paths: ContainerdPaths): string[] {
  const images = 'plugins."io.containerd.cri.v1.images"';
  const runtime = 'plugins."io.containerd.cri.v1.runtime"';
  return [
    `[${images}]`,
    `snapshotter = ${text(config.snapshotter ?? 'overlayfs')}`,
    `[${images}.pinned_images]`,
    `sandbox = ${text(config.pauseImage)}`,
    `[${images}.registry]`,
    `config_path = ${text(paths.registries)}`,
    `[${runtime}]`,
    ...pods(runtime, config),
  ];
}

/** What both forms say alike, the first lines within the plugin's own table. */
function pods(plugin: string, config: ContainerdConfig): string[] {
  return [
    'disable_apparmor = true',
    // Without CAP_SYS_RESOURCE a sandbox's negative OOM score cannot be set, and runc fails.
    'restrict_oom_score_adj = true',
    'netns_mounts_under_state_dir = true',
    `[${plugin}.cni]`,
    `bin_dir = ${text(config.cniBinDir)}`,
    `conf_dir = ${text(config.cniConfDir)}`,
    `[${plugin}.containerd.runtimes.runc]`,
    'runtime_type = "io.containerd.runc.v2"',
    `[${plugin}.containerd.runtimes.runc.options]`,
    'SystemdCgroup = false',
    `Root = ${text(`${containerdPaths(config.dataDir).state}/runc`)}`,
  ];
}

/** A TOML basic string: JSON's escapes are among TOML's. */
function text(value: string): string {
  return JSON.stringify(value);
}

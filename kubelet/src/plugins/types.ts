/** A plugin that made itself known by a socket of its own. */
export interface Plugin {
  /** `CSIPlugin`, `DRAPlugin`, `DevicePlugin`. */
  readonly type: string;
  readonly name: string;
  /** The absolute path of the socket that serves what it is for. */
  readonly endpoint: string;
  readonly versions: readonly string[];
}

/** What plugins of one type are for. */
export interface PluginHandler {
  /** False while plugins are to wait, without a word. Absent: never. */
  ready?(): boolean;
  /** Why a plugin is of no use here; undefined: it may register. */
  whyNot(plugin: Plugin): string | undefined;
  /** @throws Error in words that the plugin is told; it is tried again. */
  register(plugin: Plugin): Promise<void>;
  deregister(plugin: Plugin): void;
  /** After each look at the plugins there are. */
  looked?(): Promise<void>;
}

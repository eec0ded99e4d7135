/** What there is to know of the machine; the model's nodes have it made up. */
export interface MachineFacts {
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** As Go says: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly hugepages: Readonly<Record<string, number>>;
  /** The kernel confines processes by AppArmor profiles. */
  readonly appArmor: boolean;
}

/** A node that only exists as a model. */
export function modelMachine(seed: string): MachineFacts {
  return {
    machineID: seed,
    systemUUID: seed,
    bootID: seed,
    kernelVersion: 'model',
    osImage: 'Keelson model node',
    architecture: 'amd64',
    cpus: 8,
    memoryBytes: 32 * 2 ** 30,
    diskBytes: 256 * 2 ** 30,
    hugepages: {},
    appArmor: false,
  };
}

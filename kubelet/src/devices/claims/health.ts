/** How a device is, as its driver last said. */
export interface DeviceHealth {
  readonly pool: string;
  readonly device: string;
  readonly health: 'Healthy' | 'Unhealthy' | 'Unknown';
  readonly message: string;
  /** For how many milliseconds this holds. */
  readonly lasts: number;
}

interface Heard extends DeviceHealth {
  readonly at: number;
}

/** How the devices of drivers are that tell of it. What was not told again in its time is unknown. */
export class HealthBook {
  /** By driver, then by pool and device. */
  readonly #heard = new Map<string, Map<string, Heard>>();

  /** A driver told of all its devices. Returns those of which it said something new. */
  tell(driver: string, devices: readonly DeviceHealth[], now: number): readonly DeviceHealth[] {
    const before = this.#heard.get(driver) ?? new Map<string, Heard>();
    const silent = [...before.values()].filter((one) => !devices.some((told) => key(told) === key(one)));
    const expired = silent.filter((one) => one.health !== 'Unknown' && isOver(one, now)).map(unknown);
    const changed = devices.filter((told) => {
      const known = before.get(key(told));
      return !known || known.health !== told.health || known.message !== told.message || known.lasts !== told.lasts;
    });
    const fresh = [...devices, ...expired].map((one) => [key(one), { ...one, at: now }] as const);
    this.#heard.set(driver, new Map([...before, ...fresh]));
    return [...changed, ...expired];
  }

  /** A driver tells no more. */
  forget(driver: string): void {
    this.#heard.delete(driver);
  }

  of(driver: string, pool: string, device: string, now: number): Pick<DeviceHealth, 'health' | 'message'> {
    const heard = this.#heard.get(driver)?.get(key({ pool, device }));
    return heard && !isOver(heard, now) ? heard : { health: 'Unknown', message: '' };
  }
}

function key({ pool, device }: Pick<DeviceHealth, 'pool' | 'device'>): string {
  return `${pool}/${device}`;
}

function isOver({ at, lasts }: Heard, now: number): boolean {
  return now - at > lasts;
}

function unknown({ pool, device, lasts }: DeviceHealth): DeviceHealth {
  return { pool, device, health: 'Unknown', message: '', lasts };
}

/** Some of a pod's volumes could not be made ready. Each failure is told in an event of its own. */
export class VolumeFailure extends Error {
  readonly each: readonly string[];

  constructor(each: readonly string[]) {
    super(each[0] ?? '');
    this.name = 'VolumeFailure';
    this.each = each;
  }
}

/** There is nothing to mount; mounting was not begun. */
export class NoMounter extends Error {
  override name = 'NoMounter';
}

/** Failures of volumes that were never come to, in one sentence as Kubernetes has it. `unready`: their names and why. */
export function unprocessed(unready: ReadonlyMap<string, string>): string {
  const names = [...unready.keys()].join(' ');
  return `Unable to attach or mount volumes: unmounted volumes=[${names}], unattached volumes=[], failed to process volumes=[${names}]: ${[...unready.values()].join('; ')}`;
}

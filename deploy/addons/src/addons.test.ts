import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Deployment } from '@keelson/types';
import { addons, addonsNamed, readManifests } from './index.ts';

describe('addons', () => {
  test('are known by name, and come in their order', () => {
    assert.deepEqual(addonsNamed(addons.map(({ name }) => name).toReversed()), addons);
    assert.throws(() => addonsNamed(['dns', 'dms']), /unknown addon "dms": there are dns/);
  });

  for (const addon of addons) {
    test(`${addon.name}: its program and manifests fit together`, async () => {
      assert.ok(existsSync(join(import.meta.dirname, '..', addon.name, 'src/main.ts')));
      const objects = await readManifests(addon);
      const images = objects
        .filter(({ kind }) => kind === 'Deployment')
        .flatMap((object) => (object as unknown as Deployment).spec?.template.spec?.containers ?? [])
        .map(({ image }) => image);
      assert.deepEqual([...new Set(images)], [addon.image]);
    });
  }
});

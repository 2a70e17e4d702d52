/** Jest's Node environment with the outer realm's binary types, which native addons (onnxruntime, sharp) test by identity. */
import { TestEnvironment } from 'jest-environment-node';

export default class SharedRealmEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    const binary = [
      ArrayBuffer,
      SharedArrayBuffer,
      Uint8Array,
      Int32Array,
      BigInt64Array,
      Uint16Array,
      Float32Array,
      Float64Array,
    ];
    for (const type of binary) this.global[type.name] = type;
  }
}

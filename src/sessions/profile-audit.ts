/**
 * Reads off a profile of ONNX Runtime where the nodes of a graph were really run. A session that asks for CUDA is
 * created without complaint when some of its nodes have no CUDA kernel: they are put on the CPU, the tensors are copied
 * there and back, and nobody is told. The profile is the only place where the Node.js binding shows it.
 *
 * Format: Chrome's trace events; `onnxruntime/core/framework/sequential_executor.cc` writes one of category `Node` per
 * node and run, with `op_name`, `provider` and the shapes of inputs and outputs among its `args`.
 */

/** Name of the CUDA provider, as `onnxruntime/core/graph/constants.h` has it. */
const CUDA = 'CUDAExecutionProvider';

/**
 * Operators that ONNX Runtime keeps on the CPU on purpose where they compute shapes (`GetCpuPreferredNodes` in
 * `onnxruntime/core/framework/fallback_cpu_capability.cc`), and why they may stand there. What follows `Shape` is a
 * handful of integers that a kernel on the GPU would have to wait for.
 */
export const SHAPE_OPERATORS: Readonly<Record<string, string>> = {
  Shape: 'reads the lengths of a tensor, which are known on the CPU',
  Size: 'counts the elements of a tensor, which are known on the CPU',
  Gather: 'picks lengths out of a shape',
  Slice: 'picks lengths out of a shape',
  Squeeze: 'makes a number of a length',
  Unsqueeze: 'makes a list of a length',
  Concat: 'puts lengths together to a shape',
  Cast: 'changes the integer type of lengths',
  Add: 'computes with lengths',
  Sub: 'computes with lengths',
  Mul: 'computes with lengths',
  Div: 'computes with lengths',
  ReduceProd: 'multiplies lengths',
  Range: 'counts up to a length',
  Equal: 'compares lengths',
  Where: 'chooses between lengths',
  ConstantOfShape: 'makes a shape of ones or zeros',
};
/** Most numbers of a shape computation: ONNX has no tensor with nearly as many axes. */
const MAX_NUMBERS = 64;
const INTEGERS = new Set(['int32', 'int64', 'bool']);

/** A node that was not run where it should have been. */
export interface StrayNode {
  readonly name: string;
  readonly operator: string;
  /** Name of the provider that ran it. */
  readonly provider: string;
}

/** What a profile says of one graph. */
export interface Placement {
  /** Nodes that were run, each counted once. */
  readonly nodes: number;
  /** Those that CUDA ran. */
  readonly onCuda: number;
  /** Those that compute on another provider, but for shape computations. */
  readonly stray: readonly StrayNode[];
}

type Shapes = readonly Readonly<Record<string, readonly number[]>>[];

interface NodeEvent {
  readonly name: string;
  readonly args: {
    readonly op_name: string;
    readonly provider: string;
    readonly output_type_shape?: Shapes;
  };
}

/**
 * Reads a profile.
 * @param text of the file that ONNX Runtime wrote
 * @throws SyntaxError when it is no profile, or was cut off
 */
export function placementOf(text: string): Placement {
  const events = (JSON.parse(text) as unknown[]).filter(isNodeEvent);
  const nodes = [...new Map(events.map((event) => [event.name, event])).values()];
  return {
    nodes: nodes.length,
    onCuda: nodes.filter(({ args }) => args.provider === CUDA).length,
    stray: nodes
      .filter(({ args }) => args.provider !== CUDA && !isShapeComputation(args))
      .map(({ name, args }) => ({
        name: name.replace(/_kernel_time$/, ''),
        operator: args.op_name,
        provider: args.provider,
      })),
  };
}

/** Events of other kinds of the same node (fences in older versions) carry no provider. */
function isNodeEvent(event: unknown): event is NodeEvent {
  const { cat, args } = event as { cat?: unknown; args?: { op_name?: unknown; provider?: unknown } };
  return cat === 'Node' && typeof args?.op_name === 'string' && typeof args.provider === 'string';
}

function isShapeComputation({ op_name, output_type_shape = [] }: NodeEvent['args']): boolean {
  return (
    Object.hasOwn(SHAPE_OPERATORS, op_name) &&
    output_type_shape.length > 0 &&
    output_type_shape.every((output) =>
      Object.entries(output).every(
        ([type, shape]) =>
          INTEGERS.has(type) && shape.reduce((product, length) => product * length, 1) <= MAX_NUMBERS,
      ),
    )
  );
}

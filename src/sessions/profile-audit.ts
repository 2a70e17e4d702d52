/**
 * Finds out from a profile of ONNX Runtime where the nodes of a graph really ran. A session that asks for CUDA is
 * created without an error when some of its nodes have no CUDA kernel: they silently run on the CPU, and tensors are
 * copied there and back. Only the profile shows this through the Node.js binding.
 *
 * Format: Chrome's trace events; `onnxruntime/core/framework/sequential_executor.cc` writes one of category `Node` for
 * each node and run, with `op_name`, `provider` and the shapes of inputs and outputs among its `args`.
 */

/** Name of the CUDA provider, as `onnxruntime/core/graph/constants.h` has it. */
const CUDA = 'CUDAExecutionProvider';

/**
 * Operators that ONNX Runtime keeps on the CPU on purpose where they compute shapes (`GetCpuPreferredNodes` in
 * `onnxruntime/core/framework/fallback_cpu_capability.cc`), and why that is fine. The results of `Shape` are a few
 * integers that a kernel on the GPU would have to wait for.
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
/** The most elements of a tensor in a shape computation: no tensor has nearly as many axes. */
const MAX_NUMBERS = 64;
const INTEGERS = new Set(['int32', 'int64', 'bool']);

/** A node that ran where it should not. */
export interface StrayNode {
  readonly name: string;
  readonly operator: string;
  /** Name of the provider that ran it. */
  readonly provider: string;
}

/** Where the nodes of one graph ran. */
export interface Placement {
  /** The number of nodes that ran. */
  readonly nodes: number;
  /** How many of them ran on CUDA. */
  readonly onCuda: number;
  /** The nodes that ran on another provider, except for shape computations. */
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
 * @throws SyntaxError if it is not a profile, or is cut off
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

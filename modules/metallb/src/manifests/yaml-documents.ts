import {
  Composer,
  type Document,
  isAlias,
  isCollection,
  isNode,
  isPair,
  Lexer,
  LineCounter,
  Parser,
  visit,
} from 'yaml';
import { listWithoutBlanks } from './list-without-blanks.ts';

/** One document of a text. Its value counts only when it has no problems. */
export interface YamlDocument {
  readonly value: unknown;
  /** Counted from 1. */
  readonly line: number;
  readonly problems: readonly YamlProblem[];
}

export interface YamlProblem {
  readonly line: number;
  readonly message: string;
}

/** What composes documents calls itself for each level, and a stack that is full can end the whole process. */
const MAX_DEPTH = 500;
/** A few lines can stand for billions of values, each of which somebody walks over. */
const MAX_UNFOLDED = 10_000;

/** What a scalar without quotes and tag stands for, by its text. */
export type PlainScalarReader = (written: string) => unknown;

/**
 * Reads one or many documents; JSON is YAML. What can't be read has a problem, whatever the text is.
 *
 * @param readPlain for texts that are meant for a reader of YAML 1.1: then names are what is written, and `<<` merges
 */
export function readYaml(text: string, readPlain?: PlainScalarReader): YamlDocument[] {
  // Read twenty times faster.
  if (readPlain === undefined && text.trimStart().startsWith('{')) {
    try {
      return [{ value: JSON.parse(text), line: 1, problems: [] }];
    } catch {
      // Flow-style YAML, or several documents: for the full parser to say.
    }
  }
  const lines = new LineCounter();
  const lineOf = (offset: number): number => lines.linePos(offset).line;
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer({ prettyErrors: false, merge: readPlain !== undefined });
  try {
    const documents = [...composer.compose(shallowTokens(parser, text))];
    if (readPlain !== undefined) for (const document of documents) asWritten(document, readPlain);
    return documents.map((document) => readDocument(document, text, lineOf));
  } catch (error) {
    if (!(error instanceof TooDeepError)) throw error;
    const line = lineOf(parser.offset);
    return [{ value: undefined, line, problems: [{ line, message: error.message }] }];
  }
}

class TooDeepError extends Error {
  override readonly name = 'TooDeepError';
}

function* shallowTokens(parser: Parser, text: string) {
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) {
      throw new TooDeepError(`this is nested more than ${MAX_DEPTH} levels deep`);
    }
  }
  yield* parser.end();
}

function readDocument(
  document: Document.Parsed,
  text: string,
  lineOf: (offset: number) => number,
): YamlDocument {
  const line = lineOf(document.contents?.range?.[0] ?? document.range[0]);
  const problems = document.errors.map(({ pos, message }) => {
    const at = lineOf(pos[0]);
    return { line: at, message: listWithoutBlanks(text.split('\n'), at) ?? message };
  });
  const refused = (message: string) => ({ value: undefined, line, problems: [{ line, message }] });
  if (problems.length > 0) return { value: undefined, line, problems };
  if (unfoldedByAliases(document) > MAX_UNFOLDED) {
    return refused(
      `its aliases stand for what holds them, or for more than ${MAX_UNFOLDED} values`,
    );
  }
  try {
    // Its own limit looks through the document for every alias.
    return { value: document.toJS({ maxAliasCount: -1 }) as unknown, line, problems };
  } catch (error) {
    // An alias of nothing.
    return refused(error instanceof Error ? error.message : String(error));
  }
}

function asWritten(document: Document.Parsed, readPlain: PlainScalarReader): void {
  visit(document, {
    Scalar: (place, scalar) => {
      const { source = '', type, tag } = scalar;
      if (type === 'PLAIN' && tag === undefined) {
        scalar.value = place === 'key' ? source : readPlain(source);
      }
    },
  });
}

/** How many values all aliases stand for; Infinity where one stands for what holds it. */
function unfoldedByAliases({ contents }: Document.Parsed): number {
  const sizes = new Map<string, number>();
  let unfolded = 0;
  const sizeOf = (node: unknown): number => {
    if (isAlias(node)) {
      const size = sizes.get(node.source) ?? 0;
      unfolded += size;
      return size;
    }
    const anchor = isNode(node) ? node.anchor : undefined;
    // Until it is known.
    if (anchor !== undefined) sizes.set(anchor, Number.POSITIVE_INFINITY);
    const size = partsOf(node).reduce<number>((sum, part) => sum + sizeOf(part), 1);
    if (anchor !== undefined) sizes.set(anchor, size);
    return size;
  };
  sizeOf(contents);
  return unfolded;
}

function partsOf(node: unknown): readonly unknown[] {
  if (isPair(node)) return [node.key, node.value];
  return isCollection(node) ? node.items : [];
}

/** An error of a package: its class, and a code to switch on. */
type CodedError = Error & { readonly code: string };

/**
 * Calls a parser that may refuse its input: gives what it gives, or the code of the one kind of error that it may throw. Any
 * other error is a find.
 */
export function typed<T>(
  kind: abstract new (...args: never[]) => CodedError,
  parser: () => T,
): { readonly value: T } | { readonly code: string } {
  try {
    return { value: parser() };
  } catch (error) {
    if (!(error instanceof kind) || !/^ERR_[A-Z0-9_]+$/.test(error.code)) throw error;
    return { code: error.code };
  }
}

/** As {@link typed}, for those that answer later. */
export async function typedLater<T>(
  kind: abstract new (...args: never[]) => CodedError,
  parser: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly code: string }> {
  try {
    return { value: await parser() };
  } catch (error) {
    return typed(kind, () => {
      throw error;
    });
  }
}

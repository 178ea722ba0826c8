import Foundation

/// Makes a call of the C library that returns -1 on failure, again where a signal interrupted it:
/// the one place where `errno` becomes an error.
@discardableResult
package func systemCall<Result: SignedInteger>(
  _ name: String, _ path: String, _ call: () -> Result
) throws -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = errno
    if code == EINTR { continue }
    throw TrainerError.system(call: name, path: path, reason: String(cString: strerror(code)))
  }
}

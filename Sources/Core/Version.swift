/// What this program calls itself; the one place that says so.
public enum Version {
  /// The program's name in prose.
  public static let name = "Obverse"
  /// The command.
  public static let program = "obverse"
  public static let number = "0.2.0"
}

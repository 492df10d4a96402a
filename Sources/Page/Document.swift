/// A whole page that needs nothing from elsewhere: no script, no reference.
public enum Document {
  /// Puts a body into a page.
  ///
  /// - Parameters:
  ///   - title: Plain text.
  ///   - style: Rules beside those of every page.
  ///   - body: Markup.
  /// - Returns: HTML.
  public static func html(title: String, style: String, body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>\(Markup.escaped(title))</title>
    <style>
    \(PageStyle.sheet)
    \(style)
    </style>
    </head>
    <body>
    <main>
    \(body)
    </main>
    </body>
    </html>

    """
  }
}

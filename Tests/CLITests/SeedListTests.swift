import CLI
import Core
import Testing

struct SeedListTests {
  @Test func keepsOrderAndRepeats() throws {
    #expect(try SeedList.parse("5,0,1,4-6,5") == [5, 0, 1, 4, 5, 6, 5])
    #expect(try SeedList.parse(" 1 , 2 - 3 ") == [1, 2, 3])
    #expect(try SeedList.parse("4294967295") == [4_294_967_295])
    #expect(try SeedList.parse("4294967294-4294967295").count == 2)
  }

  @Test(arguments: [
    ("4294967296", "seed 4294967296 is outside of 0 to 4294967295"),
    ("-1", "seed -1 is outside of 0 to 4294967295"),
    ("99999999999999999999999", "seed 99999999999999999999999 is outside of 0 to 4294967295"),
    ("", "'' is not a seed"), ("1,", "'' is not a seed"), ("a", "'a' is not a seed"),
    ("1.5", "'1.5' is not a seed"), ("1-", "'' is not a seed"), ("0x10", "'0x10' is not a seed"),
    ("+3", "'+3' is not a seed"), ("6-4", "range '6-4' runs backwards"),
  ])
  func refusesWhatIsNoSeed(list: String, sentence: String) {
    let error = #expect(throws: ObverseError.self) { try SeedList.parse(list) }
    #expect(error?.description == sentence)
    #expect(error?.exitCode == 64)
  }

  // Memory stays small whatever the numbers say.
  @Test(arguments: ["0-4294967295", "0-1000000", "0-999999,5"])
  func limitsTheCount(list: String) {
    #expect(throws: ObverseError.self) { try SeedList.parse(list) }
  }

  @Test func allowsTheLimit() throws {
    #expect(try SeedList.parse("1-1000000").count == SeedList.limit)
  }
}

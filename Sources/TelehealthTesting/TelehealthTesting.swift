// A scripted service in memory, for the tests of programs that call the telehealth service.

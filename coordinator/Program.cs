Console.WriteLine("minimind");

package hello;

import java.nio.file.Files;
import java.nio.file.Path;

public class Hello {
	public static void main(String[] words) throws Exception {
		String name = words.length > 0 ? words[0] : "world";
		System.out.printf("hello %s from java %d in %d modules%n", name, Runtime.version().feature(),
				ModuleLayer.boot().modules().size());
	}
}

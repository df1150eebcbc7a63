// blocks.cc - holds known blocks when it is ready: by malloc, by operator new,
// some of them freed; maps memory of its own; has threads.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include <csignal>
#include <sys/mman.h>
#include <unistd.h>

struct alignas(64) Wide {
	char bytes[192];
};

int main(int argc, char **)
{
	std::vector<std::thread> threads;
	std::vector<void *> kept;
	kept.reserve(4096);
	for (int i = 0; i < 1000; i++) {
		void *a = malloc(1000);
		memset(a, 1, 1000);
		void *b = calloc(10, 100);
		b = realloc(b, 3000);
		memset(b, 1, 3000);
		kept.push_back(a);
		free(b);
	}
	for (int i = 0; i < 500; i++) {
		auto *w = new Wide;
		memset(w, 1, sizeof *w);
		kept.push_back(w);
		delete new Wide;
		delete[] new char[5000];
	}
	if (argc > 1) // an exception's object is a block too; mimalloc ends the program instead
		try {
			(void)!operator new(static_cast<size_t>(1) << 60);
		} catch (const std::bad_alloc &) {
		}
	void *large = nullptr;
	if (posix_memalign(&large, 4096, 8 << 20) != 0)
		return 1;
	memset(large, 1, 8 << 20);
	char *own = static_cast<char *>(mmap(nullptr, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(own, 1, 4 << 20);
	munmap(own + (3 << 20), 1 << 20);
	for (int i = 0; i < 3; i++)
		threads.emplace_back([] {
			volatile char on_stack[256 << 10];
			for (size_t j = 0; j < sizeof on_stack; j += 1024)
				on_stack[j] = 1;
			void *p = malloc(2000);
			memset(p, 1, 2000);
			for (;;)
				pause();
		});
	usleep(50000);
	puts("blocks are held");
	fflush(stdout);
	for (;;)
		pause();
}

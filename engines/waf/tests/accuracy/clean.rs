//! Clean traffic: pages with their cookies and campaign parameters, searches, forms, JSON and GraphQL APIs, uploads, sign-ins through other sites.

use serde_json::{Value, json};

use crate::Owned;
use crate::words::{Chance, NAMES, PATHS, SEARCHES, SENTENCES, encoded};

/// So many requests, the same in every run.
pub fn requests(number: usize) -> Vec<Owned> {
    let mut make = Maker(Chance::new(42));
    (0..number).map(|_| make.request()).collect()
}

struct Maker(Chance);

impl Maker {
    fn request(&mut self) -> Owned {
        let mut request = match self.0.below(12) {
            0 | 1 => self.page(),
            2 | 3 => self.search(),
            4 | 5 => self.form(),
            6 | 7 => self.api(),
            8 => self.upload(),
            9 => self.graphql(),
            10 => self.sign_in(),
            _ => self.editor(),
        };
        if self.0.below(2) == 0 {
            let cookies = self.cookies();
            request.headers.push(("Cookie", cookies));
        }
        if self.0.below(2) == 0 {
            let from = format!("https://shop.example/search?q={}", encoded(self.0.of(&SEARCHES)));
            request.headers.push(("Referer", from));
        }
        request.headers.push(("Accept-Language", "ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7".into()));
        request
    }

    fn page(&mut self) -> Owned {
        let path: String = self.0.of(&PATHS).split('/').map(encoded).collect::<Vec<_>>().join("/");
        let campaign = self.0.of(&[
            "",
            "?utm_source=news&utm_medium=email&utm_campaign=black_friday-2026",
            "?gclid=Cj0KCQiA_qG5BhDTARIsAA0UHSK-x1y2z3&fbclid=IwAR0a1b2c3",
            "?v=1732500000&cb=0.8372615",
            "?page=2&sort=-price&filter[color]=blue&filter[size]=42",
            "?lat=37.5665&lng=126.9780&zoom=12",
            "?from=2026-11-01T00:00:00%2B09:00&to=2026-11-25",
            "?ids=1,2,3,4&fields=id,name,price",
            "?next=%2Faccount%2Forders%3Fpage%3D2",
            "?t=a%20b%20c&_=1732512345678",
        ]);
        get(format!("{path}{campaign}"))
    }

    fn search(&mut self) -> Owned {
        let words = self.text();
        let words: String = words.chars().take(120).collect();
        let term = if self.0.below(2) == 0 { self.0.of(&SEARCHES).to_owned() } else { words };
        let page = self.0.below(20);
        get(format!("/search?q={}&page={page}&lang=ko", encoded(&term)))
    }

    fn form(&mut self) -> Owned {
        let (name, message, phone) = (self.0.of(&NAMES), self.text(), self.0.below(9_000_000));
        let body = format!(
            "csrf_token={:016x}{:016x}&name={}&email={}&phone=010-{phone}&message={}&agree=on&rating={}",
            self.0.next(),
            self.0.next(),
            encoded(name),
            encoded("user+tag@example.com"),
            encoded(&message),
            self.0.below(6)
        );
        post("/contact", "application/x-www-form-urlencoded", body.into_bytes())
    }

    fn api(&mut self) -> Owned {
        let items: Vec<Value> = (0..self.0.below(8)).map(|_| self.item()).collect();
        let token = format!("{:016x}", self.0.next());
        let body = json!({
            "id": self.0.below(100_000),
            "customer": {"name": self.0.of(&NAMES), "note": self.text(), "tags": ["new", "vip", "a&b"]},
            "items": items,
            "created_at": "2026-11-25T10:00:00.000Z",
            "token": token,
            "options": {"gift": true, "wrap": null, "range": [0, 1.5, -3]},
        });
        let path = format!("/api/v1/orders/{}", self.0.below(9999));
        post(&path, "application/json; charset=utf-8", body.to_string().into_bytes())
    }

    fn item(&mut self) -> Value {
        json!({
            "sku": format!("AB-{:05}", self.0.below(99_999)),
            "title": self.0.of(&SEARCHES),
            "description": self.text(),
            "url": format!("https://cdn.example.com/images/{}.jpg?w=640&h=480", self.0.below(999)),
            "price": {"amount": self.0.below(10_000), "currency": "KRW"},
        })
    }

    fn upload(&mut self) -> Owned {
        let boundary = format!("----WebKitFormBoundary{:016x}", self.0.next());
        let (title, file) = (
            self.text(),
            self.0.of(&[
                "photo (1).jpg",
                "보고서 최종.pdf",
                "data-2026.csv",
                "my.report.v2.docx",
                "notes.txt",
            ]),
        );
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n{title}\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        let size = self.0.below(4000);
        body.extend((0..size).map(|_| self.0.next() as u8));
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        post("/upload", &format!("multipart/form-data; boundary={boundary}"), body)
    }

    fn graphql(&mut self) -> Owned {
        let query = self.0.of(&[
            "query Product($id: ID!) { product(id: $id) { id name price { amount currency } reviews(first: 10) { edges { node { rating text } } } } }",
            "mutation AddToCart($input: AddInput!) { addToCart(input: $input) { cart { id total } errors { field message } } }",
            "{ viewer { id name orders(last: 5, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount } } }",
            "query Search($q: String!, $in: [Category!]) { search(query: $q, where: {category_in: $in}, limit: 20) { hits { id title } } }",
        ]);
        let body = json!({"query": query, "variables": {"id": self.0.below(999).to_string(), "q": self.0.of(&SEARCHES), "input": {"note": self.text()}}});
        post("/graphql", "application/json", body.to_string().into_bytes())
    }

    fn sign_in(&mut self) -> Owned {
        let (state, code) = (self.0.next(), self.0.next());
        match self.0.below(3) {
            0 => get(format!(
                "/oauth/authorize?response_type=code&client_id=web-{}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&scope=openid%20profile%20email&state={state:016x}",
                self.0.below(99)
            )),
            1 => get(format!(
                "/callback?code=4%2F0A{code:016x}-_x&state={state:016x}&session_state={code:x}..{state:x}"
            )),
            _ => {
                let password = self.0.of(&[
                    "Tr0ub4dor&3",
                    "correct horse battery staple",
                    "p@ss'w0rd\"!",
                    "a=b;c--d",
                    "100%Sure<3",
                    "비밀번호!23",
                    "x{y}[z](w)",
                ]);
                let body = json!({"email": "kim.min-su@example.co.kr", "password": password, "remember": true});
                post("/api/login", "application/json", body.to_string().into_bytes())
            }
        }
    }

    /// Texts in Markdown, as forums and issue trackers get them.
    fn editor(&mut self) -> Owned {
        let (one, two) = (self.text(), self.text());
        let more = self.0.of(&[
            "## Steps\n1. Open the page\n2. Click *Save*\n\n> quoted text\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n",
            "See [the docs](https://example.com/a_(b)?x=1&y=2) and `config.toml`.\n",
            "```\nlet total = items.iter().map(|i| i.price).sum();\n```\n",
            "```python\nfor i in range(10):\n    print(i, 'ok' if i % 2 == 0 else \"odd\")\n```\n",
            "- [x] done\n- [ ] to do -- later\n",
            "Version 1.2.3 -> 1.3.0 (see #42, @bob)\n",
        ]);
        let body = json!({"title": self.0.of(&SEARCHES), "body": format!("{one}\n\n{more}\n{two}"), "labels": ["bug", "needs-info"]});
        post("/api/posts", "application/json", body.to_string().into_bytes())
    }

    fn text(&mut self) -> String {
        let number = 1 + self.0.below(3);
        (0..number).map(|_| self.0.of(&SENTENCES)).collect::<Vec<_>>().join(" ")
    }

    fn cookies(&mut self) -> String {
        let (session, id) = (self.0.next(), self.0.below(2_000_000_000));
        let more = self.0.of(&[
            "theme=dark; lang=ko",
            "consent=%7B%22ads%22%3Afalse%2C%22stats%22%3Atrue%7D",
            "jwt=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiIsIm5hbWUiOiJLaW0ifQ.sG3c_8f-Zk1Q; cart=a1|b2|c3",
            "last=2026-11-25T10%3A00%3A00Z; name=%EA%B9%80%EB%AF%BC%EC%88%98",
            "prefs=\"a=1&b=2\"; tz=Asia/Seoul",
        ]);
        format!("session={session:016x}; _ga=GA1.2.{id}.1732500000; _gid=GA1.2.{id}; {more}")
    }
}

fn get(target: String) -> Owned {
    Owned { method: "GET", target, headers: vec![], body: vec![] }
}

fn post(target: &str, kind: &str, body: Vec<u8>) -> Owned {
    Owned {
        method: "POST",
        target: target.into(),
        headers: vec![("Content-Type", kind.into())],
        body,
    }
}

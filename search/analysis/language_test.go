package analysis_test

import (
	"strings"
	"testing"

	"quintet/search/analysis"
)

// TestStems holds for each language how words become terms: word=term, or
// word= for a stop word. Forms of one word share it where the stemmer is able.
func TestStems(t *testing.T) {
	f := func(language, pairs string) {
		t.Run(language, func(t *testing.T) {
			a := analyzer(t, language)
			for _, pair := range strings.Fields(pairs) {
				word, want, _ := strings.Cut(pair, "=")
				if got := strings.Join(terms(a, word), " "); got != want {
					t.Errorf("%s has the term %q, expected was %q", word, got, want)
				}
			}
		})
	}
	f("english", `running=run ponies=poni generously=generous hopping=hop skies=sky dying=die The= would= consolidation=consolid
		Naïve=naiv news=news sensational=sensat x=x 3rd=3rd`)
	f("simple", `running=running The=the Naïve=naive große=große Straße2=straße2`)
	f("arabic", `الكتاب=كتاب كتاب=كتاب المدرسة=مدرس مدرسة=مدرس المعلمون=معلم المسلمين=مسلم أحمد=احمد احمد=احمد الكِتَابُ=كتاب
		في= هذا= cat=cat`)
	f("danish", `huse=hus husene=hus hus=hus bøger=bog bogen=bog bøgerne=bog katten=kat katte=kat løber=lob indtægter=indtaeg
		undersøgelse=undersog undersøgelser=undersog og= på=`)
	f("dutch", `lichamelijk=licham lichamelijke=licham boeken=boek huizen=huiz katten=kat lopen=lop opglimmende=opglimm
		mogelijkheden=mogelijk mogelijkheid=mogelijk gevaarlijk=gevar één=een het= een=`)
	f("finnish", `talossa=talo talot=talo taloissa=talo talo=talo autossa=auto auton=auto autoja=auto kirjat=kirj kirjan=kirj
		hyvää=hyva ja= että=`)
	f("french", `chevaux=cheval cheval=cheval continuellement=continuel continuation=continu maisons=maison maison=maison
		événements=even événement=even jolies=jol joli=jol nationalité=national l'avion=avion Café=caf cafe=caf où= à=`)
	f("german", `Häuser=haus Hauses=haus Haus=haus aufeinander=aufeinand Bücher=buch Buch=buch Freundschaften=freundschaft
		Möglichkeiten=moglich möglich=moglich läuft=lauft laufen=lauf Größe=gross grosse=gross FÜR= und= Café=cafe cafe=caf`)
	f("hungarian", `házak=haz házban=haz háznak=haz könyvek=konyv könyvet=konyv babakocsi=babakocs almát=alm ablakok=ablak
		városban=varos kertek=kert és= az=`)
	f("irish", `bhfear=fear fear=fear leabhar=leabhar bhreá=brea hathair=hathair fir=fir mbád=bad bád=bad gcat=cat dteach=teach agus= an= tá=`)
	f("italian", `abbandonata=abbandon abbandonato=abbandon abbandonare=abbandon pronto=pront città=citt gatti=gatt gatto=gatt
		nazioni=nazion libri=libr libro=libr velocemente=veloc dell'acqua=acqua è= perché=`)
	f("norwegian", `husene=hus huset=hus hus=hus bilene=bil biler=bil bil=bil hundene=hund hunden=hund havnedistriktene=havnedistrikt
		jenter=jent og= på=`)
	f("portuguese", `boiando=boi bom=bom meninas=menin menino=menin quilométricas=quilometr nacionalidade=nacional casas=cas casa=cas
		rapidamente=rapid livros=livr lógica=logic não= são=`)
	f("romanian", `abrupt=abrupt caselor=cas casele=cas ocolite=ocol viețile=viet vieţile=viet viaţa=viat mașini=masin maşini=masin
		copiilor=cop orașului=oras și= şi=`)
	f("russian", `важная=важн важный=важн книги=книг книгу=книг книгами=книг вагонов=вагон вагон=вагон ёлки=елк елка=елк домами=дом
		столу=стол красивыми=красив Её= не= cat=cat`)
	f("spanish", `chicharrones=chicharron torear=tor toreando=tor niños=nin niña=nin canción=cancion canciones=cancion
		rápidamente=rapid casas=cas libro=libr libros=libr comprando=compr también= él=`)
	f("swedish", `jaktkarl=jaktkarl jaktkarlarna=jaktkarl bilarna=bil bilar=bil bil=bil flickorna=flick flicka=flick hästarna=hast
		häst=hast klostret=klostret och= är=`)
	f("tamil", `பூனைகள்=பூனை பூனை=பூனை வீடுகள்=வீடு வீடு=வீடு புத்தகங்கள்=புத்தகம் புத்தகம்=புத்தகம் ஒரு= மற்றும்= cat=cat`)
	f("turkish", `kitaplar=kitap kitapları=kitap kitabı=kitap evler=ev evlerde=ev çocuklar=cocuk KIZLAR=kiz kızlar=kiz isimler=isim
		İSİMLER=isim ısı=is ISI=is bir= İÇİN= şu= su=su`)
}

func TestFor(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		a, known := analysis.For(name)
		if known != (want != "") || known && a.Language() != want {
			t.Errorf("%q is %v, expected was %q", name, a, want)
		}
	}
	f("", "english")
	f("German", "german")
	f("de", "german")
	f("NB", "norwegian")
	f("klingon", "")
	f("simple ", "")
	seen := map[string]bool{}
	for _, l := range analysis.Languages() {
		f(l.Name, l.Name)
		if l.Code != "" {
			f(l.Code, l.Name)
		}
		if seen[l.Name] || seen[l.Code] && l.Code != "" {
			t.Errorf("%v is there twice", l)
		}
		seen[l.Name], seen[l.Code] = true, true
	}
	if len(analysis.Languages()) < 12 {
		t.Errorf("%d languages", len(analysis.Languages()))
	}
}

// TestStopWords holds that every word of the lists is one, and how many there
// are: a list of half a language would hide what texts are about.
func TestStopWords(t *testing.T) {
	for _, l := range analysis.Languages() {
		words := analysis.StopWords(l.Name)
		if l.Name != "simple" && len(words) < 40 || len(words) > 160 {
			t.Errorf("%s has %d stop words", l.Name, len(words))
		}
		seen := map[string]bool{}
		for _, word := range words {
			if seen[word] {
				t.Errorf("%s has %q twice", l.Name, word)
			}
			seen[word] = true
			for _, text := range []string{word, strings.ToUpper(word)} {
				if l.Name == "turkish" && text != word {
					continue // ToUpper writes I for i
				}
				if got := terms(analyzer(t, l.Name), text); len(got) > 0 {
					t.Errorf("the stop word %q of %s has the term %q", text, l.Name, got)
				}
			}
		}
	}
}
